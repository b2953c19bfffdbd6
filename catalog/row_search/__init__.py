"""Rows of a table found by filters and words, in the ways that DataStore clients ask for them.

question    what is asked: filters, words, columns, order, bounds
words       words that are searched for, and how they are matched
statement   the question as a statement of the engine, put together from typed values only
found       the rows that were found, and their forms
look        ask a serving copy, or the files of a table that is fed in steps
"""
