"""Batches of fed tables that rules kept from everybody but their department: the last ones.

batch    noun: a held batch, the rules that it breaks, masked rows
store    table quality.held_batches
hold     verbs: keep one, list them
"""
