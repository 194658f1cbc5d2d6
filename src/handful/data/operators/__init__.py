"""What is done to files, as pure functions from Arrow record batch to Arrow record batch.

`validate`, `canonicalise`, `hash` and `thumbnail` (and `encode`, which belongs to `learn.towers`)
know no library, no project and no engine: a batch goes in, the same batch with more columns comes
out, in the same order. Each is the batch form of one function for one file, which is what
`handful add` itself calls, so a cluster and a laptop do the same thing.

    data, modality, name             what goes in: the bytes of files, what they are meant to be
    validate       status, reason, detail, notes, mime, decoders
    canonicalise   value, height, width, rate, meta
    hash           sha256, content_sha256
    thumbnail      thumbnail, thumbnail_mime

A row that `validate` refused has nulls in every later column; nothing raises for a bad file.
"""
