"""Who may do what on which terms, and the evidence of what was done.

words      terms, party, access, errors, reason, canonical (plain values, RFC 8785), database,
           calendar
identity/  people and organisations: verbs enrol, people, issue, authenticate | edges passwords,
           tokens | their nouns are session, token, roles, presentation
decision/  nouns clause, facts, need | edges profile (profiles/*.yaml), cedar (rules/*.cedar), odrl
           | checks/ | verbs judge, decide
terms      nouns agreement, freeze_order | verbs agree, freeze, once (idempotency)
log        noun events | verbs record, seal, log, attest, history, activity, examine;
           noun key_act, verb change_keys: keys change by two people
evidence/  nouns signing_key, leaf, merkle, tree_head, bundle (the files), verification | edge
           ed25519 | offline checks trust, proof, log_proof, which need neither database nor account
store/     SQL, a file for each noun, private to this package
"""
