"""Stored facts as people read them: sentences, HTML, CSV and JSON. Pure: the same facts give the same bytes."""
