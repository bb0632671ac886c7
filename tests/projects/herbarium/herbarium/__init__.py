"""The herbarium's own small application: a page per sheet."""
