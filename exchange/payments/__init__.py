"""Money comes in and goes out, each time by two people.

payment   the nouns: a payment that came in, a payout that goes out
pay_in    record a payment, confirm or withdraw it
pay_out   ask for what was earned, send or refuse it
store, errors
"""
