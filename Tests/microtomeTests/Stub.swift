// Tests of microtome.
