//! Inputs of the benches, made from nothing but a seed.
