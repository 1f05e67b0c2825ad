data-20261126-wwshnw0p
