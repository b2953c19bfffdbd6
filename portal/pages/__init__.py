"""The pages that people read.

Every page works without script. htmx is used by these attributes only: hx-get, hx-post, hx-target,
hx-swap, hx-trigger, hx-push-url, hx-sync; what it fetches is a template
of its own that the whole page includes. A piece that is put in carries `data-announce` where
something has to be said aloud. What a template wants is written at its top.

rendering          templates to responses: `render`
frame              what every page shows around its content: navigation, language, theme, viewer
assets             style sheets, scripts and pictures, with addresses that never go stale
security_headers   what a browser is told it may not do
table              a table of data, column by column
histogram          the small picture over a column
lineage_layout     where the boxes and lines of a lineage graph stand
river              the picture of what flowed through each gate
inbox, inbox_items           everything that waits for one reader, and a page to decide each
asking, request_view         ask for data, and the way that a request has gone
buying, agreement_view, offer   the offer, agreements, access tokens
usage, usage_view            balance, statements, receipts of a month, top-ups
receipts, receipt_view       one receipt with everything behind it, and the file that proves it
audit, audit_view            the regulator's desk, lineage, freezes
help                         help, problems, the log's head for people
reader                       what the frame of every page tells its reader
clause_lines, words          clauses, purposes, events in words
"""
