using System;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Threading.Tasks;
using Microsoft.Extensions.Primitives;
using WmProxy.Configuration;
using WmProxy.StaticFiles;
using WmProxy.Tests.Routes;

namespace WmProxy.Tests.StaticFiles;

public sealed class PrecompressedTests : IDisposable
{
    private readonly SiteFolder _site = new();

    public PrecompressedTests()
    {
        _site.Write("a.js", "plain");
        _site.Write("a.js.br", "brotli");
        _site.Write("a.js.gz", "gzipped");
        _site.Write("only.js", "only");
    }

    public void Dispose() => _site.Dispose();

    [Theory]
    [InlineData("br", "br")]
    [InlineData("gzip", "gzip")]
    [InlineData("x-gzip", "gzip")]
    [InlineData("gzip, br", "br,gzip")]
    [InlineData("gzip;q=1, br;q=0.5", "gzip,br")]
    [InlineData("br;q=0, gzip", "gzip")]
    [InlineData("*", "br,gzip")]
    [InlineData("*;q=0.1, gzip", "gzip,br")]
    [InlineData("*;q=0", "")]
    [InlineData("br;q=0, *", "gzip")]
    [InlineData("identity", "")]
    [InlineData("identity, gzip;q=0.5", "")]
    [InlineData("identity;q=0.5, gzip;q=0.5", "gzip")]
    [InlineData("deflate", "")]
    [InlineData("BR", "br")]
    [InlineData("", "")]
    [InlineData(",;=;,", "")]
    public void Negotiate_GivesWhatTheClientTakesBestFirst(string acceptEncoding, string expected)
    {
        var codings = ContentCoding.Negotiate(ContentCoding.All, new StringValues(acceptEncoding));

        Assert.Equal(expected, string.Join(',', codings.Select(coding => coding.Name)));
    }

    [Fact]
    public void Negotiate_EqualQuality_KeepsTheOffersOrder()
    {
        var codings = ContentCoding.Negotiate([.. ContentCoding.All.Reverse()], new StringValues("br, gzip"));

        Assert.Equal(["gzip", "br"], codings.Select(coding => coding.Name));
    }

    [Fact]
    public async Task Neighbour_IsSentWithTheTypeOfTheFileAndATagOfItsOwn()
    {
        await using var app = await StartAsync(Files() with { Headers = RoutesApp.Map(("Vary", "Origin")) });

        using var plain = await app.SendAsync("/a.js");
        using var brotli = await app.SendAsync("/a.js", null, ("Accept-Encoding", "gzip;q=0.9, br"));
        using var gzip = await app.SendAsync("/a.js", null, ("Accept-Encoding", "gzip"));
        using var only = await app.SendAsync("/only.js", null, ("Accept-Encoding", "gzip, br"));

        Assert.Equal("plain", await plain.Content.ReadAsStringAsync());
        Assert.Equal("brotli", await brotli.Content.ReadAsStringAsync());
        Assert.Equal("gzipped", await gzip.Content.ReadAsStringAsync());
        Assert.Equal("only", await only.Content.ReadAsStringAsync());
        Assert.Empty(plain.Content.Headers.ContentEncoding);
        Assert.Equal(["br"], brotli.Content.Headers.ContentEncoding);
        Assert.Equal(["gzip"], gzip.Content.Headers.ContentEncoding);
        Assert.Empty(only.Content.Headers.ContentEncoding);
        Assert.All([plain, brotli, gzip, only], response =>
        {
            Assert.Equal("text/javascript", response.Content.Headers.ContentType?.ToString());
            Assert.Equal(["Origin", "Accept-Encoding"], response.Headers.Vary);
        });
        Assert.Equal(3, new[] { plain, brotli, gzip }.Select(response => response.Headers.ETag!.ToString()).Distinct().Count());
    }

    [Fact]
    public async Task Neighbour_TakesConditionsAndRanges()
    {
        await using var app = await StartAsync(Files());
        using var first = await app.SendAsync("/a.js", null, ("Accept-Encoding", "br"));
        var tag = first.Headers.ETag!.ToString();

        using var same = await app.SendAsync("/a.js", null, ("Accept-Encoding", "br"), ("If-None-Match", tag));
        using var other = await app.SendAsync("/a.js", null, ("Accept-Encoding", "gzip"), ("If-None-Match", tag));
        using var part = await app.SendAsync("/a.js", null, ("Accept-Encoding", "br"), ("Range", "bytes=0-1"));

        Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);
        Assert.Contains("Accept-Encoding", same.Headers.Vary);
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        Assert.Equal("br", await part.Content.ReadAsStringAsync());
        Assert.Equal(["br"], part.Content.Headers.ContentEncoding);
    }

    [Fact]
    public async Task NotConfigured_NeighboursAreOrdinaryFiles()
    {
        await using var app = await StartAsync(Files() with { Precompressed = [] });

        using var response = await app.SendAsync("/a.js", null, ("Accept-Encoding", "br"));

        Assert.Equal("plain", await response.Content.ReadAsStringAsync());
        Assert.Empty(response.Headers.Vary);
        Assert.Equal("gzipped", await app.Client.GetStringAsync("/a.js.gz"));
    }

    [Fact]
    public async Task Index_HasNeighboursToo()
    {
        _site.Write("index.html", "plain");
        _site.Write("index.html.gz", "packed");
        await using var app = await StartAsync(Files() with { Hide = [".*", "*.gz"] });

        using var response = await app.SendAsync("/", HttpMethod.Get, ("Accept-Encoding", "gzip"));
        using var hidden = await app.SendAsync("/index.html.gz");

        Assert.Equal("packed", await response.Content.ReadAsStringAsync());
        Assert.Equal("text/html", response.Content.Headers.ContentType?.ToString());
        Assert.Equal(HttpStatusCode.NotFound, hidden.StatusCode);
    }

    private static StaticFilesConfig Files() => new() { Id = "site", Root = "site", Precompressed = ["br", "gzip"] };

    private Task<RoutesApp> StartAsync(StaticFilesConfig files) => RoutesApp.StartAsync(RoutesApp.Config([files]), _site.Base);
}
