//! access-advisor's tables as Arrow record batches and Parquet files.
