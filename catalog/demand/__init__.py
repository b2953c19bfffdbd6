"""Data that people look for and the city does not offer yet.

data_request  the noun: what is asked for, by how many, until when it is answered
cover         which department's duties, themes and words cover a wish
unmet         counting searches that found nothing, without who searched
ask           asking and joining
answer        the department's answer, handing on, hiding
board         what of it one reader sees
store, errors
"""
