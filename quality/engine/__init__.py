"""Great Expectations, and the engines that it asks: the only folder that imports the library.

`wanted` says a rule as an expectation, `ask` runs a Checkpoint and reads its result. What is asked
is an `open_table`: Parquet files that DuckDB reads (`duckdb_engine`), or the same files behind a
Spark Connect server (`spark_table`). `examples` fetches the rows that a failed rule means.
"""

from __future__ import annotations

import os
from importlib.util import find_spec

os.environ["GX_ANALYTICS_ENABLED"] = "False"  # read when the library is imported

# Where the client of Spark Connect is installed without Spark, the library ends the whole process
# on being imported, unless it is told where that client lies.
_spark = find_spec("pyspark")
if _spark is not None and _spark.submodule_search_locations:
    os.environ.setdefault("SPARK_HOME", next(iter(_spark.submodule_search_locations)))
