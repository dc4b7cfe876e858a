"""Exact TreeSHAP (Lundberg et al. 2020) of LightGBM's boosters, for many rows and for one."""
