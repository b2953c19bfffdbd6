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
"""
