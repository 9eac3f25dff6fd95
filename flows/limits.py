"""How large a flow document may be; checked before anything is built from it."""

TEXT_BYTES_MAX = 512 * 1024
NODES_MAX = 300
TRIGGERS_MAX = 20
TESTS_MAX = 100

DEPTH_MAX = 12
"""How deep the document itself nests. Conditions (JsonLogic), `params`, `inputs` and `outputs`
(JSON Schema) and what test cases hold are values inside one field: they count afresh, below."""

VALUE_DEPTH_MAX = 20
"""How deep the value of one field may nest below that field."""

TEXT_DEPTH_MAX = 48
"""How deep brackets or indents may nest at all; refused while reading, before anything is built."""
