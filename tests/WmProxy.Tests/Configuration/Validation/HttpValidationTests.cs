using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using WmProxy.Configuration;
using WmProxy.Configuration.Reading;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Tests.Configuration.Validation;

/// <summary>Static files, static responses and what HTTP routes have to do with streams.</summary>
public sealed class HttpValidationTests : IDisposable
{
    private readonly ConfigFixture _fixture = new();

    public HttpValidationTests()
    {
        _fixture.Write("file", "");
        Directory.CreateDirectory(Path.Combine(_fixture.Directory, "www"));
    }

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("\"Root\": \"www\"")]
    [InlineData("\"Root\": \".\", \"Prefix\": \"/a\", \"TryPaths\": [ \"{path}\", \"{path}.html\", \"/a..b/index.html\" ], \"NotFoundFile\": \"/e/404.html\"")]
    [InlineData("\"Root\": \"www\", \"MimeTypes\": { \".md\": \"text/markdown; charset=utf-8\" }, \"Headers\": { \"X-A\": \"a b\\t\\\"c\\\"\" }, \"Precompressed\": [ \"br\", \"gzip\" ]")]
    [InlineData("\"Root\": \"www\", \"Match\": { \"Hosts\": [ \"*.example.com:8443\" ], \"Methods\": [ \"GET\", \"PROPFIND\" ], \"Headers\": [ { \"Name\": \"A\", \"Mode\": \"Exists\" } ] }")]
    public void Validate_GoodFiles_HasNoErrors(string keys) => Assert.Empty(CheckFiles(keys));

    [Theory]
    [InlineData("\"Root\": \"nowhere\"", "Root", "nowhere' does not exist")]
    [InlineData("\"Root\": \"file\"", "Root", "is a file, not a folder")]
    [InlineData("\"Root\": \"a\\u0000b\"", "Root", "NUL")]
    [InlineData("\"Root\": \"www\", \"Prefix\": \"a\"", "Prefix", "is not the start of a path")]
    [InlineData("\"Root\": \"www\", \"Prefix\": \"/a/..\"", "Prefix", "is not the start of a path")]
    [InlineData("\"Root\": \"www\", \"NotFoundFile\": \"../404.html\"", "NotFoundFile", "does not stay below 'Root'")]
    [InlineData("\"Root\": \"www\", \"NotFoundFile\": \"a\\\\b\"", "NotFoundFile", "does not stay below 'Root'")]
    [InlineData("\"Root\": \"www\", \"TryPaths\": [ \"{path}\", \"/../{path}\" ]", "TryPaths:1", "does not stay below 'Root'")]
    [InlineData("\"Root\": \"www\", \"TryPaths\": [ \"{file}\" ]", "TryPaths:0", "unknown placeholder; the only one is '{path}'")]
    [InlineData("\"Root\": \"www\", \"IndexFiles\": [ \"a/b\" ]", "IndexFiles:0", "is not the name of a file")]
    [InlineData("\"Root\": \"www\", \"IndexFiles\": [ \"..\" ]", "IndexFiles:0", "is not the name of a file")]
    [InlineData("\"Root\": \"www\", \"Precompressed\": [ \"gzp\" ]", "Precompressed:0", "did you mean 'gzip'? valid values: br, gzip")]
    [InlineData("\"Root\": \"www\", \"CacheControl\": \"a\\r\\nSet-Cookie: b\"", "CacheControl", "a header cannot carry")]
    [InlineData("\"Root\": \"www\", \"Headers\": { \"A B\": \"c\" }", "Headers:A B", "is not the name of a header")]
    [InlineData("\"Root\": \"www\", \"Headers\": { \"A\": \"b\\nc\" }", "Headers:A", "a header cannot carry")]
    [InlineData("\"Root\": \"www\", \"Headers\": { \"A\": \"b\\u0000\" }", "Headers:A", "a header cannot carry")]
    [InlineData("\"Root\": \"www\", \"Headers\": { \"A\": \"é\" }", "Headers:A", "a header cannot carry")]
    [InlineData("\"Root\": \"www\", \"Headers\": { \"content-length\": \"1\" }", "Headers:content-length", "is set by the server")]
    [InlineData("\"Root\": \"www\", \"DefaultContentType\": \"text\"", "DefaultContentType", "is not a media type")]
    [InlineData("\"Root\": \"www\", \"MimeTypes\": { \".a\": \"text/*\" }", "MimeTypes:.a", "is not a media type")]
    [InlineData("\"Root\": \"www\", \"Match\": { \"Path\": \"/{a\" }", "Match:Path", "is not a path pattern")]
    [InlineData("\"Root\": \"www\", \"Match\": { \"Hosts\": [ \"http://a\" ] }", "Match:Hosts:0", "is not a host")]
    [InlineData("\"Root\": \"www\", \"Match\": { \"Hosts\": [ \"xn--mnchen-3ya.example\" ] }", "Match:Hosts:0", "Unicode")]
    [InlineData("\"Root\": \"www\", \"Match\": { \"Methods\": [ \"GET\", \"get\" ] }", "Match:Methods:1", "listed twice")]
    [InlineData("\"Root\": \"www\", \"Match\": { \"Methods\": [ \"GET POST\" ] }", "Match:Methods:0", "is not an HTTP method")]
    [InlineData("\"Root\": \"www\", \"Match\": { \"Headers\": [ { \"Name\": \"A\" } ] }", "Match:Headers:0:Values", "is required with the mode 'ExactHeader'")]
    [InlineData("\"Root\": \"www\", \"Match\": { \"Headers\": [ { \"Name\": \"A B\", \"Values\": [ \"c\" ] } ] }", "Match:Headers:0:Name", "is not the name of a header")]
    [InlineData("\"Root\": \"www\", \"Match\": { \"Headers\": [ { \"Name\": \"A\", \"Mode\": \"NotExists\", \"Values\": [ \"c\" ] } ] }", "Match:Headers:0:Values", "has no effect with the mode 'NotExists'")]
    [InlineData("\"Root\": \"www\", \"Match\": { \"QueryParameters\": [ { \"Name\": \"A\", \"Mode\": \"Prefix\" } ] }", "Match:QueryParameters:0:Values", "is required with the mode 'Prefix'")]
    [InlineData("\"Root\": \"www\", \"Match\": { \"QueryParameters\": [ { \"Name\": \"A\", \"Mode\": \"Exists\", \"Values\": [ \"c\" ] } ] }", "Match:QueryParameters:0:Values", "has no effect")]
    public void Validate_BadFiles_NamesThePathAndWhatIsRight(string keys, string path, string message)
    {
        var error = Assert.Single(CheckFiles(keys));
        Assert.Equal($"WmProxy:StaticFiles:a:{path}", error.Path);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"StatusCode\": 199", "StatusCode")]
    [InlineData("\"StatusCode\": 101", "StatusCode")]
    [InlineData("\"StatusCode\": 600", "StatusCode")]
    [InlineData("\"StatusCode\": 204, \"Body\": \"a\"", "Body")]
    [InlineData("\"StatusCode\": 205, \"Body\": \"a\"", "Body")]
    [InlineData("\"StatusCode\": 304, \"Body\": \"a\"", "Body")]
    [InlineData("\"ContentType\": \"html\"", "ContentType")]
    [InlineData("\"Headers\": { \"Transfer-Encoding\": \"chunked\" }", "Headers:Transfer-Encoding")]
    [InlineData("\"Match\": { \"Path\": \"/{a}/{a}\" }", "Match:Path")]
    [InlineData("\"StatusCode\": 200, \"Body\": \"a\"", null)]
    [InlineData("\"StatusCode\": 204, \"Body\": \"\"", null)]
    [InlineData("\"StatusCode\": 599", null)]
    public void Validate_Response_ChecksWhatHttpAllows(string keys, string? path)
    {
        var errors = _fixture.Check($$"""{ "Kestrel": { "Endpoints": { "H": { "Url": "http://*:1" } } }, "WmProxy": { "StaticResponses": { "a": { {{keys}} } } } }""");
        Assert.Equal(path is null ? [] : [$"WmProxy:StaticResponses:a:{path}"], errors.Select(error => error.Path));
    }

    [Theory]
    [InlineData("web", true, null)]
    [InlineData("pg", true, "which HTTP cannot reach")]
    [InlineData("PG", false, "which HTTP cannot reach")]
    [InlineData("s", true, "makes with 'To'")]
    [InlineData("wbe", true, "did you mean 'web'? clusters: pg, web")]
    [InlineData("wbe", false, null)]
    [InlineData(null, true, null)]
    public void Validate_HttpRoute_NeedsAClusterThatHttpCanReach(string? clusterId, bool isStandalone, string? message)
    {
        var errors = _fixture.Check(
            """{ "WmProxy": { "Streams": { "s": { "Listen": "tcp://*:1", "To": "tcp://a:1" } } } }""",
            context => context with { IsStandalone = isStandalone, Routes = [new RouteConfig { RouteId = "r", ClusterId = clusterId }] });
        Assert.Equal(message is null ? [] : ["ReverseProxy:Routes:r:ClusterId"], errors.Select(error => error.Path));
        Assert.All(errors, error => Assert.Contains(message!, error.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{}", true, false)]
    [InlineData("{}", false, true)]
    [InlineData("""{ "urls": "http://*:1" }""", true, true)]
    [InlineData("""{ "Kestrel": { "Endpoints": {} } }""", true, false)]
    [InlineData("""{ "Kestrel": { "Endpoints": { "H": { "Url": "http://*:1" } } } }""", true, true)]
    [InlineData("""{ "WmProxy": { "Streams": { "s": { "Listen": "tcp://*:1", "ClusterId": "pg" } } } }""", true, true)]
    public void Validate_NothingToListenOn_IsAnErrorOfAProgramOnly(string json, bool isStandalone, bool isValid)
    {
        var errors = _fixture.Check(json, context => context with { IsStandalone = isStandalone });
        Assert.Equal(isValid ? [] : ["WmProxy:Streams"], errors.Select(error => error.Path));
    }

    [Theory]
    [InlineData("""{ "kestrel": { "endpoints": { "A": { "url": "http://*:1" } } }, "urls": "http://*:2" }""", "kestrel:endpoints:A:url=http://*:1")]
    [InlineData("""{ "urls": "http://*:2; https://*:3;" , "http_ports": "4" }""", "urls=http://*:2,urls=https://*:3")]
    [InlineData("""{ "http_ports": "4;5", "https_ports": "6" }""", "http_ports=http://*:4,http_ports=http://*:5,https_ports=https://*:6")]
    [InlineData("{}", "")]
    public void KestrelEndpointReader_Read_FindsWhatKestrelTakes(string json, string expected)
    {
        Assert.Equal(expected, string.Join(',', KestrelEndpointReader.Read(ConfigFixture.Parse(json)).Select(endpoint => $"{endpoint.Path}={endpoint.Url}")));
    }

    private List<ConfigError> CheckFiles(string keys)
    {
        return _fixture.Check($$"""{ "Kestrel": { "Endpoints": { "H": { "Url": "http://*:1" } } }, "WmProxy": { "StaticFiles": { "a": { {{keys}} } } } }""");
    }
}
