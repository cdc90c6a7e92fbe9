import com.siemens.ct.exi.core.CodingMode;
import com.siemens.ct.exi.core.EXIFactory;
import com.siemens.ct.exi.core.FidelityOptions;
import com.siemens.ct.exi.core.grammars.Grammars;
import com.siemens.ct.exi.core.helpers.DefaultEXIFactory;
import com.siemens.ct.exi.grammars.GrammarFactory;
import com.siemens.ct.exi.main.api.sax.EXIResult;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import javax.xml.parsers.SAXParserFactory;
import org.xml.sax.InputSource;
import org.xml.sax.XMLReader;

/** Codes documents by a canonical schema as the reference implementation does: arguments are the schema, and a directory of NUMBER.SETTING.xml. */
public class Reference {
  public static void main(String[] arguments) throws Exception {
    Grammars grammars = GrammarFactory.newInstance().createGrammars(arguments[0]);
    SAXParserFactory parsers = SAXParserFactory.newInstance();
    parsers.setNamespaceAware(true);
    try (var files = Files.newDirectoryStream(Paths.get(arguments[1]), "*.xml")) {
      for (Path file : files) {
        String name = file.getFileName().toString();
        EXIFactory factory = DefaultEXIFactory.newInstance();
        factory.setGrammars(grammars);
        if (name.contains(".strict.")) factory.setFidelityOptions(FidelityOptions.createStrict());
        if (name.contains(".byte.")) factory.setCodingMode(CodingMode.BYTE_PACKED);
        ByteArrayOutputStream coded = new ByteArrayOutputStream();
        EXIResult result = new EXIResult(factory);
        result.setOutputStream(coded);
        XMLReader reader = parsers.newSAXParser().getXMLReader();
        reader.setContentHandler(result.getHandler());
        try (InputStream in = Files.newInputStream(file)) {
          reader.parse(new InputSource(in));
        }
        // Streams have no headers: the first byte is that.
        byte[] bytes = coded.toByteArray();
        Files.write(Paths.get(file.toString().replaceAll("xml$", "exi")), Arrays.copyOfRange(bytes, 1, bytes.length));
      }
    }
  }
}
