"""The sample data's text: invented customers of invented shops, all written by these modules."""
