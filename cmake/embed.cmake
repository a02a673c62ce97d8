# embed.cmake - a file as a C array: cmake -DIN=file -DOUT=file.c -DNAME=symbol -DHEADER=h -P embed.cmake
file(READ "${IN}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1, " bytes "${hex}")
string(REGEX REPLACE "(((0x[0-9a-f][0-9a-f], )?){16})" "\\1\n    " bytes "${bytes}")
file(WRITE "${OUT}.new" "/* generated from ${NAME} */\n#include \"${HEADER}\"\nconst char ${NAME}[] = {\n    ${bytes}0};\nconst size_t ${NAME}_bytes = sizeof(${NAME}) - 1;\n")
file(COPY_FILE "${OUT}.new" "${OUT}" ONLY_IF_DIFFERENT)
file(REMOVE "${OUT}.new")
