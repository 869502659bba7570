"""trimtab keeps a crypto fund on its targets, and proves every move.

One sentence holds it: observe, value, decide, plan, check, execute, reconcile, record.
"""

__version__ = "0.1.0"
