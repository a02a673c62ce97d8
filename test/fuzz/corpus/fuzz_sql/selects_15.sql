 ; -- nothing
