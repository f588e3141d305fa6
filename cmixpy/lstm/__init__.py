"""The LSTM of levels 7 to 9: a recurrent network in torch whose every result is exact."""
