print("microtome")
