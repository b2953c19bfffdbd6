"""The pages that people read.

Every page works without script. htmx is used by these attributes only: hx-get, hx-post, hx-target,
hx-swap, hx-trigger, hx-push-url, hx-sync; what it fetches is a template
of its own that the whole page includes. A piece that is put in carries `data-announce` where
something has to be said aloud. What a template wants is written at its top.

rendering          templates to responses: `render`
frame              what every page shows around its content: navigation, language, theme, viewer
assets             style sheets, scripts and pictures, with addresses that never go stale
security_headers   what a browser is told it may not do
dataset/           the pages of one dataset
search/            find, facets, saved searches, comparison
publish/           a department's desk
harvest/           catalogues that are read in regularly
inbox/, inbox_items          everything that waits for one reader, and a page to decide each
buy/, request_view, offer    ask, buy, use; requests and offers as they are shown
audit/             the regulator's desk, lineage, freezes, receipts
drawing/           pictures that the server draws, and tables
help                         help, problems, the log's head for people
reader                       what the frame of every page tells its reader
clause_lines, words          clauses, purposes, events in words
"""
