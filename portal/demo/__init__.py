"""The demo city: real data, brought in and used by invented offices and firms.

Everything but its people goes through HTTP, by the verbs that anybody uses, and happens when it is
loaded.

- `cast`: the organisations and people, by office.
- `sources`: the real files, out of installed packages.
- `holdings`: what each dataset is, who publishes it, and how it is offered.
- `wishes`: who asks for which data, and how that is answered.
- `uses`: what its departments and firms ask of it.
- `enrol`: letting the people in; `sign_ins`: the file of their passwords.
- `client`: speaking to a served installation; `progress`: which steps are done.
- `steps`: every step of the city's life, in order; `load`: taking those that are not done.
"""
