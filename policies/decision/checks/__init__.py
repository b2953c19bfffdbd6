"""What clauses test, as pure functions over facts; a profile names them.

finding    what a test returns and what it may read besides the facts
register   datasets as described, and who approved them
listing    products before they are listed
price      prices
request    requests and answers
agreement  agreements, tokens, withdrawal and purging
delivery   negotiations, deliveries and what follows an agreement
audit      the exchange as a whole, by what is outstanding
run        the table of all tests, by stage and name

A test that changes its meaning gets a new name, so that a stored profile keeps its meaning.
"""
