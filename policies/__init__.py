"""Who may do what on which terms, and the evidence of what was done.

words      terms, party, access, errors, reason, canonical (plain values, RFC 8785), database
people     nouns session, token, roles | edges passwords, tokens | verbs enrol, people, issue,
           authenticate
standards  nouns clause, facts, need | edges profile (profiles/*.yaml), cedar (rules/*.cedar), odrl,
           calendar | checks/ | verbs judge, decide
terms      nouns agreement, freeze_order | verbs agree, freeze, once (idempotency)
log        nouns events, leaf, merkle, tree_head, signing_key | edge ed25519 | verbs record, seal,
           log, history, examine
evidence   nouns bundle (the files), verification | offline checks trust, proof, log_proof, which
           need neither database nor account | verb attest
store/     SQL, a file for each noun, private to this package
"""
