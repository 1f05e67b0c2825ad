"""Hub: where models are downloaded from, one file at a time, each verified before it is used."""
