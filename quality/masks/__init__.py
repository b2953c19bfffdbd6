"""Whether masks hold: the detectors run on what a view lets out.

leak     noun: an identifier that is still found in a masked column
store    table quality.masked_copies
check    verb: look at a built copy, note what was found, say what is known
"""
