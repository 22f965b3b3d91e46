"""A system under test behind a network: the server that holds the model, and the client that dispatches to it.

LoadGen, its sample library and the client (LoadGen calls it the query dispatch library) are on one node, the model
on others. What is timed happens on the server: it takes pre-processed inputs and gives the payloads that the
accuracy log stores. Queries are never merged on the client's side; batching is the server's business.
"""
