// Tests of Pretraining.
