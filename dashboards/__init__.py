"""The eyes: Bokeh documents that show what the streams do while they do it.

`documents.py` is the table path → document. A document is a page of components; a component has a source, a root and
an update. All documents of the process share one feed (`feed/`), which reads the topics once, whoever looks.
"""
