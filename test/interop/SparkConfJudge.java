// SPDX-License-Identifier: Apache-2.0
// SparkConfJudge.java - what Spark reads in properties files, printed as spark_conf_tool prints it (in no order).
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

public class SparkConfJudge {
    /* What UTF-8 cannot say (a lone surrogate) firn refuses. */
    static String hex(String s) throws java.nio.charset.CharacterCodingException {
        StandardCharsets.UTF_8.newEncoder().encode(java.nio.CharBuffer.wrap(s));
        return HexFormat.of().formatHex(s.getBytes(StandardCharsets.UTF_8));
    }

    /* Refuses what firn refuses of any entry, also of one that a later entry replaces or that Spark passes over. */
    static void check(String file) throws Exception {
        java.util.Properties all = new java.util.Properties() {
            @Override public synchronized Object put(Object key, Object value) {
                try {
                    hex((String)key);
                    hex((String)value);
                } catch (java.nio.charset.CharacterCodingException e) {
                    throw new IllegalArgumentException(e);
                }
                return super.put(key, value);
            }
        };
        try (java.io.Reader text = java.nio.file.Files.newBufferedReader(java.nio.file.Path.of(file))) {
            all.load(text);
        }
    }

    public static void main(String[] files) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String file : files) {
            StringBuilder text = new StringBuilder("file\n");
            try {
                check(file);
                scala.collection.Iterator<scala.Tuple2<String, String>> all =
                    org.apache.spark.util.Utils.getPropertiesFromFile(file).iterator();
                while (all.hasNext()) {
                    scala.Tuple2<String, String> e = all.next();
                    text.append(hex(e._1())).append(' ').append(hex(e._2())).append('\n');
                }
            } catch (Exception e) {
                text = new StringBuilder("file\nrefused\n");
            }
            out.print(text);
        }
        out.flush();
    }
}
