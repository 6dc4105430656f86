// Tests of ManifestModel.
