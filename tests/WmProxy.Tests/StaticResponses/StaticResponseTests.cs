using System;
using System.Net;
using System.Net.Http;
using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.Tests.Routes;

namespace WmProxy.Tests.StaticResponses;

public sealed class StaticResponseTests
{
    [Fact]
    public async Task Defaults_AreAnEmpty200()
    {
        await using var app = await StartAsync(new StaticResponseConfig { Id = "r" });

        using var response = await app.SendAsync("/anything");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(0, response.Content.Headers.ContentLength);
        Assert.Null(response.Content.Headers.ContentType);
    }

    [Fact]
    public async Task Body_IsUtf8TextUnlessToldOtherwise()
    {
        await using var app = await StartAsync(
            new StaticResponseConfig { Id = "a", Match = new() { Path = "/a" }, Body = "grüß\n" },
            new StaticResponseConfig { Id = "b", Match = new() { Path = "/b" }, Body = "{}", ContentType = "application/json" },
            new StaticResponseConfig { Id = "c", Match = new() { Path = "/c" }, Body = "x", Headers = RoutesApp.Map(("content-type", "text/x-c")) });

        using var a = await app.SendAsync("/a");
        using var b = await app.SendAsync("/b");
        using var c = await app.SendAsync("/c");

        Assert.Equal("grüß\n", await a.Content.ReadAsStringAsync());
        Assert.Equal(7, a.Content.Headers.ContentLength);
        Assert.Equal("text/plain; charset=utf-8", a.Content.Headers.ContentType?.ToString());
        Assert.Equal("application/json", b.Content.Headers.ContentType?.ToString());
        Assert.Equal("text/x-c", c.Content.Headers.ContentType?.ToString());
    }

    [Fact]
    public async Task StatusAndHeaders_AreSent()
    {
        await using var app = await StartAsync(new StaticResponseConfig { Id = "r", StatusCode = 308, Headers = RoutesApp.Map(("Location", "https://new.example/"), ("X-A", "b")) });

        using var response = await app.SendAsync("/");

        Assert.Equal(HttpStatusCode.PermanentRedirect, response.StatusCode);
        Assert.Equal("https://new.example/", response.Headers.Location?.OriginalString);
        Assert.Equal(["b"], response.Headers.GetValues("X-A"));
    }

    [Fact]
    public async Task Head_HasTheLengthAndNoBody()
    {
        await using var app = await StartAsync(new StaticResponseConfig { Id = "r", Match = new() { Path = "/r", Methods = ["GET"] }, Body = "MARK" });

        var answer = await app.SendRawAsync("/r", "HEAD");

        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.Contains("Content-Length: 4\r\n", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("MARK", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(204)]
    [InlineData(304)]
    public async Task StatusWithoutBody_SendsNone(int status)
    {
        await using var app = await StartAsync(new StaticResponseConfig { Id = "r", StatusCode = status });

        var answer = await app.SendRawAsync("/");

        Assert.StartsWith($"HTTP/1.1 {status}", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("Content-Length", answer, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task EveryMethod_IsAnsweredUnlessMatchNamesThem()
    {
        await using var app = await StartAsync(
            new StaticResponseConfig { Id = "any", Match = new() { Path = "/any" }, Body = "any" },
            new StaticResponseConfig { Id = "post", Match = new() { Path = "/post", Methods = ["POST"] }, Body = "post" });

        using var put = await app.SendAsync("/any", HttpMethod.Put);
        using var post = await app.SendAsync("/post", HttpMethod.Post);
        using var get = await app.SendAsync("/post");

        Assert.Equal("any", await put.Content.ReadAsStringAsync());
        Assert.Equal("post", await post.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.MethodNotAllowed, get.StatusCode);
    }

    private static Task<RoutesApp> StartAsync(params StaticResponseConfig[] responses)
    {
        return RoutesApp.StartAsync(RoutesApp.Config(responses: responses), AppContext.BaseDirectory);
    }
}
