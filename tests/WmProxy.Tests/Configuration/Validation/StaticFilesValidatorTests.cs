using System;
using System.Collections.Generic;
using System.IO;
using WmProxy.Configuration;

namespace WmProxy.Tests.Configuration.Validation;

public sealed class StaticFilesValidatorTests : IDisposable
{
    private readonly ConfigFixture _fixture = new();

    public StaticFilesValidatorTests()
    {
        _fixture.Write("file", "");
        Directory.CreateDirectory(Path.Combine(_fixture.Directory, "www"));
    }

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("\"Root\": \"www\"")]
    [InlineData("\"Root\": \".\", \"Prefix\": \"/a\", \"TryPaths\": [ \"{path}\", \"{path}.html\", \"/a..b/index.html\" ], \"NotFoundFile\": \"/e/404.html\"")]
    [InlineData("\"Root\": \"www\", \"MimeTypes\": { \".md\": \"text/markdown; charset=utf-8\" }, \"Headers\": { \"X-A\": \"a b\\t\\\"c\\\"\" }, \"Precompressed\": [ \"br\", \"gzip\" ]")]
    [InlineData("\"Root\": \"www\", \"Prefix\": \"/docs/\", \"IndexFiles\": [ \"index.htm\" ], \"TryPaths\": [ \"{path}\", \"{path}/index.htm\", \"/index.htm\", \"=404\" ], \"Hide\": [ \".*\", \"*.bak\" ], \"Precompressed\": [ \"BR\", \"gzip\" ]")]
    [InlineData("\"Root\": \"www\", \"CacheControl\": \"no-cache\", \"MimeTypes\": { \"a\": \"text/a; charset=utf-8\" }, \"DefaultContentType\": \"text/plain\", \"NotFoundFile\": \"errors/404.html\", \"Headers\": { \"X-A\": \"a b\\tc\" }")]
    [InlineData("\"Root\": \"www\", \"Prefix\": \"/\", \"TryPaths\": [ \"/a{path}\", \"app.html\", \"=599\" ]")]
    public void Validate_GoodFiles_HasNoErrors(string keys) => Assert.Empty(Check(keys));

    [Theory]
    [InlineData("\"Root\": \"nowhere\"", "Root", "nowhere' does not exist")]
    [InlineData("\"Root\": \"file\"", "Root", "is a file, not a folder")]
    [InlineData("\"Root\": \"a\\u0000b\"", "Root", "NUL")]
    [InlineData("\"Root\": \"\"", "Root", "is empty")]
    [InlineData("\"Browse\": true", "Root", "is required")]
    [InlineData("\"Root\": \"www\", \"Prefix\": \"a\"", "Prefix", "is not the start of a path")]
    [InlineData("\"Root\": \"www\", \"Prefix\": \"/a/..\"", "Prefix", "is not the start of a path")]
    [InlineData("\"Root\": \"www\", \"Prefix\": \"/../a\"", "Prefix", "is not the start of a path")]
    [InlineData("\"Root\": \"www\", \"Prefix\": \"/a//b\"", "Prefix", "is not the start of a path")]
    [InlineData("\"Root\": \"www\", \"NotFoundFile\": \"../404.html\"", "NotFoundFile", "below 'Root'")]
    [InlineData("\"Root\": \"www\", \"NotFoundFile\": \"a\\\\b\"", "NotFoundFile", "below 'Root'")]
    [InlineData("\"Root\": \"www\", \"NotFoundFile\": \"/\"", "NotFoundFile", "is not the path of a file")]
    [InlineData("\"Root\": \"www\", \"NotFoundFile\": \"errors/\"", "NotFoundFile", "is not the path of a file")]
    [InlineData("\"Root\": \"www\", \"TryPaths\": [ \"{path}\", \"/../{path}\" ]", "TryPaths:1", "below 'Root'")]
    [InlineData("\"Root\": \"www\", \"TryPaths\": [ \"{path}\", \"/../index.html\" ]", "TryPaths:1", "below 'Root'")]
    [InlineData("\"Root\": \"www\", \"TryPaths\": [ \"/a\\\\b\", \"{path}\" ]", "TryPaths:0", "below 'Root'")]
    [InlineData("\"Root\": \"www\", \"TryPaths\": [ \"/a/{path}\" ]", "TryPaths:0", "did you mean '/a{path}'?")]
    [InlineData("\"Root\": \"www\", \"TryPaths\": [ \"{file}\" ]", "TryPaths:0", "unknown placeholder; the only one is '{path}'")]
    [InlineData("\"Root\": \"www\", \"TryPaths\": [ \"{path\" ]", "TryPaths:0", "unknown placeholder")]
    [InlineData("\"Root\": \"www\", \"TryPaths\": [ \"=404\", \"{path}\" ]", "TryPaths:0", "ends the search, so it comes last")]
    [InlineData("\"Root\": \"www\", \"TryPaths\": [ \"=200\" ]", "TryPaths:0", "is not a status to end with")]
    [InlineData("\"Root\": \"www\", \"TryPaths\": [ \"=x\" ]", "TryPaths:0", "is not a status to end with")]
    [InlineData("\"Root\": \"www\", \"IndexFiles\": [ \"a/b\" ]", "IndexFiles:0", "is not the name of a file")]
    [InlineData("\"Root\": \"www\", \"IndexFiles\": [ \"..\" ]", "IndexFiles:0", "is not the name of a file")]
    [InlineData("\"Root\": \"www\", \"IndexFiles\": [ \"index.html\", \"../index.html\" ]", "IndexFiles:1", "is not the name of a file")]
    [InlineData("\"Root\": \"www\", \"IndexFiles\": [ \"a\\nb\" ]", "IndexFiles:0", "is not the name of a file")]
    [InlineData("\"Root\": \"www\", \"Hide\": [ \"a/b\" ]", "Hide:0", "is not a glob for one name")]
    [InlineData("\"Root\": \"www\", \"Hide\": [ \".*\", \"..\" ]", "Hide:1", "is not a glob for one name")]
    [InlineData("\"Root\": \"www\", \"Precompressed\": [ \"gzp\" ]", "Precompressed:0", "did you mean 'gzip'? valid values: br, gzip")]
    [InlineData("\"Root\": \"www\", \"Precompressed\": [ \"br\", \"zip\" ]", "Precompressed:1", "'zip' is unknown")]
    [InlineData("\"Root\": \"www\", \"CacheControl\": \"a\\r\\nSet-Cookie: b\"", "CacheControl", "a header cannot carry")]
    [InlineData("\"Root\": \"www\", \"Headers\": { \"A B\": \"c\" }", "Headers:A B", "is not the name of a header")]
    [InlineData("\"Root\": \"www\", \"Headers\": { \"A\": \"b\\nc\" }", "Headers:A", "a header cannot carry")]
    [InlineData("\"Root\": \"www\", \"Headers\": { \"A\": \"b\\u0000\" }", "Headers:A", "a header cannot carry")]
    [InlineData("\"Root\": \"www\", \"Headers\": { \"A\": \"b\\u007f\" }", "Headers:A", "a header cannot carry")]
    [InlineData("\"Root\": \"www\", \"Headers\": { \"A\": \"é\" }", "Headers:A", "a header cannot carry")]
    [InlineData("\"Root\": \"www\", \"Headers\": { \"content-length\": \"1\" }", "Headers:content-length", "is set by the server")]
    [InlineData("\"Root\": \"www\", \"Headers\": { \"Connection\": \"1\" }", "Headers:Connection", "is set by the server")]
    [InlineData("\"Root\": \"www\", \"Headers\": { \"Keep-Alive\": \"1\" }", "Headers:Keep-Alive", "is set by the server")]
    [InlineData("\"Root\": \"www\", \"Headers\": { \"Trailer\": \"1\" }", "Headers:Trailer", "is set by the server")]
    [InlineData("\"Root\": \"www\", \"Headers\": { \"Transfer-Encoding\": \"1\" }", "Headers:Transfer-Encoding", "is set by the server")]
    [InlineData("\"Root\": \"www\", \"Headers\": { \"UPGRADE\": \"1\" }", "Headers:UPGRADE", "is set by the server")]
    [InlineData("\"Root\": \"www\", \"DefaultContentType\": \"text\"", "DefaultContentType", "is not a media type")]
    [InlineData("\"Root\": \"www\", \"DefaultContentType\": \"text/html; a=\\\"é\\\"\"", "DefaultContentType", "is not a media type")]
    [InlineData("\"Root\": \"www\", \"MimeTypes\": { \".a\": \"text/*\" }", "MimeTypes:.a", "is not a media type")]
    [InlineData("\"Root\": \"www\", \"MimeTypes\": { \".a\": \"text\" }", "MimeTypes:.a", "is not a media type")]
    [InlineData("\"Root\": \"www\", \"Match\": { \"Path\": \"/{a\" }", "Match:Path", "is not a path pattern")]
    public void Validate_BadFiles_NamesThePathAndWhatIsRight(string keys, string path, string message)
    {
        var error = Assert.Single(Check(keys));
        Assert.Equal($"WmProxy:StaticFiles:a:{path}", error.Path);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_EverythingWrong_IsAllReportedOnceInTheSpellingOfTheUser()
    {
        var errors = _fixture.Check("""
            { "kestrel": { "endpoints": { "H": { "url": "http://*:1" } } }, "wmproxy": { "staticfiles": { "A": {
              "root": "nowhere", "prefix": "a", "indexfiles": [ "a/b" ], "trypaths": [ "=1" ], "hide": [ "/" ], "match": { "hosts": [ "a b" ] } } } } }
            """);
        Assert.Equal(
            [
                "wmproxy:staticfiles:A:match:hosts:0", "wmproxy:staticfiles:A:root", "wmproxy:staticfiles:A:prefix",
                "wmproxy:staticfiles:A:indexfiles:0", "wmproxy:staticfiles:A:trypaths:0", "wmproxy:staticfiles:A:hide:0",
            ],
            errors.ConvertAll(error => error.Path));
    }

    [Fact]
    public void Validate_FilesMadeInCode_NeedARoot()
    {
        var errors = new List<ConfigError>();
        var config = new WmProxyConfig { StaticFiles = new([new("a", new StaticFilesConfig { Id = "a", Root = " " })]) };
        WmProxyConfigValidator.Validate(config, new() { BaseDirectory = _fixture.Directory }, errors);
        Assert.Equal(new ConfigError("WmProxy:StaticFiles:a:Root", "is required"), Assert.Single(errors));
    }

    private List<ConfigError> Check(string keys)
    {
        return _fixture.Check($$"""{ "Kestrel": { "Endpoints": { "H": { "Url": "http://*:1" } } }, "WmProxy": { "StaticFiles": { "a": { {{keys}} } } } }""");
    }
}
