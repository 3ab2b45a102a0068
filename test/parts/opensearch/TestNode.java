import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.opensearch.common.logging.LogConfigurator;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.plugins.Plugin;

/** One node of OpenSearch without its start scripts and security manager: `TestNode FOLDER HTTP_PORT TRANSPORT_PORT`. */
public class TestNode extends Node {
  private static final String[] PLUGINS = {
    "org.opensearch.transport.Netty4Plugin",
    "org.opensearch.painless.PainlessPlugin",
    "org.opensearch.knn.plugin.KNNPlugin",
  };

  private TestNode(Environment environment, Collection<Class<? extends Plugin>> plugins) {
    super(environment, plugins, true);
  }

  public static void main(String[] arguments) throws Exception {
    Path home = Path.of(arguments[0]);
    Files.createDirectories(home.resolve("config"));
    Files.createDirectories(home.resolve("logs"));
    Settings settings = Settings.builder()
      .put("path.home", home.toString())
      .put("cluster.name", "test")
      .put("node.name", "test")
      .put("http.port", arguments[1])
      .put("transport.port", arguments[2])
      .put("network.host", "127.0.0.1")
      .put("discovery.type", "single-node")
      .put("transport.type", "netty4")
      .put("http.type", "netty4")
      .put("cluster.routing.allocation.disk.threshold_enabled", false)
      .build();
    Environment environment = InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), null, () -> "test");
    LogConfigurator.configureWithoutConfig(environment.settings());
    List<Class<? extends Plugin>> plugins = new ArrayList<>();
    for (String name : PLUGINS) plugins.add(Class.forName(name).asSubclass(Plugin.class));
    TestNode node = new TestNode(environment, plugins);
    node.start();
    System.out.println("started");
    // The pipe that is its input ends with the process that started it.
    while (System.in.read() >= 0) {}
    node.close();
    System.exit(0);
  }
}
