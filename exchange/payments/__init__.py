"""Money comes in, goes out and is given back, each time by two people.

payment   the nouns: a payment that came in, a payout that goes out
pay_in    record a payment, confirm or withdraw it
pay_out   ask for what was earned, send or refuse it
refund    the noun: what is given back of a charge, and by whom
give_back propose, confirm or withdraw a refund
store, errors
"""
