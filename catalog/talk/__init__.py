"""What readers ask about a dataset, what its publisher answers, and what was made of it.

talk          the nouns: questions with their answers, reuses
post          asking, answering, naming a reuse
moderate      hiding and showing again
read          what of it one reader sees
store, errors
"""
