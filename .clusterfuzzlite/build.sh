#!/usr/bin/env bash
# What ClusterFuzzLite and OSS-Fuzz run in their image, from the root of the checkout.
exec fuzz/package
