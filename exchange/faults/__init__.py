"""Fault reports 纠错: any reader says that data is wrong, the department answers within its clock.

fault  noun: one ticket and its states
errors      every refusal
store       table exchange.faults
report_fault  verbs: ask, answer, read
"""
