"""The drop-in: dicomet decodes in place of pydicom where the result is provably the same."""
