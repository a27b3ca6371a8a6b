"""Remote reimbursement (异地报销): a person treated elsewhere claims at home.

`states` is the table of an application, `contract` what the bureau asks for, `deciding` the
conditions of an approval, `packets` what travels to and from the national chain, `lists` the
blacklist and whitelist.
"""
