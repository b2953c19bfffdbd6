"""What people and programs are told of what happened: one reading of the event log.

notice        the noun: whom, of which event, under which topic, and how it went by mail
recipients    who is to be told of an event
follow_log    reading the log on, and making one notice for each event and person
read_notices  a person's own notices and preferences
mails         what is to be mailed, claimed and settled
webhook       calls to programs of an organisation: the noun and their signature
webhooks      setting them up, trying them, what is due and how it went
store, webhook_store, errors
"""
