// SPDX-License-Identifier: Apache-2.0
// Rest.java - the Iceberg project's own test catalog over HTTP, on loopback alone and on the port given.
//
//     java -cp JARS Rest.java PORT        its settings from CATALOG_... in the environment, as in RESTCatalogServer
//
// RESTCatalogServer itself listens on every address. What it puts together is put together here, with Jetty bound
// to 127.0.0.1; its classes for that are not public, so they are reached by reflection.
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.net.InetSocketAddress;
import org.apache.iceberg.rest.RESTCatalogAdapter;
import org.apache.iceberg.rest.RESTCatalogServer;
import org.apache.iceberg.rest.RESTCatalogServlet;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.gzip.GzipHandler;
import org.eclipse.jetty.servlet.ServletContextHandler;
import org.eclipse.jetty.servlet.ServletHolder;

public class Rest {
    public static void main(String[] args) throws Exception {
        Constructor<?> make = RESTCatalogServer.class.getDeclaredConstructor();
        make.setAccessible(true);
        Method open = RESTCatalogServer.class.getDeclaredMethod("initializeBackendCatalog");
        open.setAccessible(true);
        Object catalog = open.invoke(make.newInstance());
        Constructor<?> adapt = Class.forName("org.apache.iceberg.rest.RESTServerCatalogAdapter").getDeclaredConstructors()[0];
        adapt.setAccessible(true);

        ServletContextHandler context = new ServletContextHandler(ServletContextHandler.NO_SESSIONS);
        context.addServlet(new ServletHolder(new RESTCatalogServlet((RESTCatalogAdapter) adapt.newInstance(catalog))), "/*");
        context.insertHandler(new GzipHandler());
        Server server = new Server(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])));
        server.setHandler(context);
        server.start();
        server.join();
    }
}
