"""The face that clients of CKAN 2.12 know: its Action API, answered from our own verbs.

    envelope    the routes: takes a request apart, calls the action, wraps the answer
    actions     every action by its name
    call        one call: who, when, with which parameters
    action      what an action is, and whether it only reads
    errors      CKAN's refusals
    packages, resources, views, relationships, collaborators, searching, site
                datasets and what belongs to them
    organizations, groups, users, tags ...
                whom and under what they stand
    shapes...   records in CKAN's shape, and back

Source: CKAN 2.12 API guide; docs of the classes are in docs/.
"""
