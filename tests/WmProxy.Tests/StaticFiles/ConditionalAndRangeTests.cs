using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.Tests.Routes;

namespace WmProxy.Tests.StaticFiles;

/// <summary>RFC 9110, sections 13 and 14.</summary>
public sealed class ConditionalAndRangeTests : IAsyncLifetime
{
    private const string Modified = "Thu, 02 Jan 2020 03:04:05 GMT";
    private const string Before = "Thu, 02 Jan 2020 03:04:04 GMT";
    private const string After = "Thu, 02 Jan 2020 03:04:06 GMT";

    private readonly SiteFolder _site = new();
    private RoutesApp _app = null!;
    private string _tag = "";

    public async ValueTask InitializeAsync()
    {
        var path = _site.Write("a.txt", "0123456789");
        File.SetLastWriteTimeUtc(path, new DateTime(2020, 1, 2, 3, 4, 5, 678, DateTimeKind.Utc));
        _app = await RoutesApp.StartAsync(RoutesApp.Config([new StaticFilesConfig { Id = "site", Root = "site" }]), _site.Base);
        using var response = await _app.SendAsync("/a.txt");
        _tag = response.Headers.ETag!.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _site.Dispose();
    }

    // TAG stands for the file's own entity tag.
    [Theory]
    [InlineData("If-None-Match", "TAG", 304)]
    [InlineData("If-None-Match", "W/TAG", 304)]
    [InlineData("If-None-Match", "\"x\", TAG", 304)]
    [InlineData("If-None-Match", "*", 304)]
    [InlineData("If-None-Match", "\"x\"", 200)]
    [InlineData("If-Modified-Since", Modified, 304)]
    [InlineData("If-Modified-Since", After, 304)]
    [InlineData("If-Modified-Since", Before, 200)]
    [InlineData("If-Modified-Since", "yesterday", 200)]
    [InlineData("If-Match", "TAG", 200)]
    [InlineData("If-Match", "*", 200)]
    [InlineData("If-Match", "\"x\"", 412)]
    [InlineData("If-Match", "W/TAG", 412)]
    [InlineData("If-Unmodified-Since", Modified, 200)]
    [InlineData("If-Unmodified-Since", Before, 412)]
    public async Task Condition_GivesTheStandardsStatus(string name, string value, int status)
    {
        foreach (var method in new[] { System.Net.Http.HttpMethod.Get, System.Net.Http.HttpMethod.Head })
        {
            using var response = await _app.SendAsync("/a.txt", method, (name, value.Replace("TAG", _tag, StringComparison.Ordinal)));

            Assert.Equal(status, (int)response.StatusCode);
            Assert.Equal(status == 200 && method.Method == "GET" ? "0123456789" : "", await response.Content.ReadAsStringAsync());
            if (status == 304)
            {
                Assert.Equal(_tag, response.Headers.ETag?.ToString());
            }
        }
    }

    [Fact]
    public async Task IfNoneMatch_GoesBeforeIfModifiedSince()
    {
        using var other = await _app.SendAsync("/a.txt", null, ("If-None-Match", "\"x\""), ("If-Modified-Since", After));
        using var same = await _app.SendAsync("/a.txt", null, ("If-None-Match", _tag), ("If-Modified-Since", Before));

        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);
    }

    [Fact]
    public async Task IfMatch_GoesBeforeIfUnmodifiedSince()
    {
        using var response = await _app.SendAsync("/a.txt", null, ("If-Match", _tag), ("If-Unmodified-Since", Before));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("bytes=0-3", "0123", "bytes 0-3/10")]
    [InlineData("bytes=4-", "456789", "bytes 4-9/10")]
    [InlineData("bytes=-3", "789", "bytes 7-9/10")]
    [InlineData("bytes=-100", "0123456789", "bytes 0-9/10")]
    [InlineData("bytes=8-100", "89", "bytes 8-9/10")]
    [InlineData("bytes=9-9", "9", "bytes 9-9/10")]
    public async Task Range_Satisfiable_IsPartial(string range, string body, string contentRange)
    {
        using var response = await _app.SendAsync("/a.txt", null, ("Range", range));

        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        Assert.Equal(body, await response.Content.ReadAsStringAsync());
        Assert.Equal(contentRange, response.Content.Headers.ContentRange?.ToString());
        Assert.Equal(body.Length, response.Content.Headers.ContentLength);
        Assert.Equal(_tag, response.Headers.ETag?.ToString());
    }

    [Theory]
    [InlineData("bytes=10-")]
    [InlineData("bytes=10-20")]
    [InlineData("bytes=-0")]
    public async Task Range_Unsatisfiable_Is416WithTheLength(string range)
    {
        using var response = await _app.SendAsync("/a.txt", null, ("Range", range));

        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, response.StatusCode);
        Assert.Equal("bytes */10", response.Content.Headers.ContentRange?.ToString());
    }

    // A server may ignore Range; of several ranges it may send the whole.
    [Theory]
    [InlineData("bytes=5-2")]
    [InlineData("bytes=a-b")]
    [InlineData("lines=1-2")]
    [InlineData("bytes=0-1,5-6")]
    public async Task Range_NotTaken_IsTheWhole(string range)
    {
        using var response = await _app.SendAsync("/a.txt", null, ("Range", range));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("0123456789", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("TAG", 206)]
    [InlineData("\"x\"", 200)]
    [InlineData("W/TAG", 200)]
    [InlineData(Modified, 206)]
    [InlineData(Before, 200)]
    public async Task IfRange_DecidesBetweenPartAndWhole(string value, int status)
    {
        using var response = await _app.SendAsync("/a.txt", null, ("Range", "bytes=0-3"), ("If-Range", value.Replace("TAG", _tag, StringComparison.Ordinal)));

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(status == 206 ? "0123" : "0123456789", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task ETag_ChangesWithinTheSecondAndWithTheLength()
    {
        var path = Path.Combine(_site.Root, "a.txt");
        File.SetLastWriteTimeUtc(path, new DateTime(2020, 1, 2, 3, 4, 5, 679, DateTimeKind.Utc));
        using var changed = await _app.SendAsync("/a.txt");

        File.AppendAllText(path, "x");
        File.SetLastWriteTimeUtc(path, new DateTime(2020, 1, 2, 3, 4, 5, 679, DateTimeKind.Utc));
        using var longer = await _app.SendAsync("/a.txt");

        Assert.Equal(3, new[] { _tag, changed.Headers.ETag!.ToString(), longer.Headers.ETag!.ToString() }.Distinct().Count());
    }

    [Fact]
    public async Task LastModified_InTheFuture_IsNotTold()
    {
        File.SetLastWriteTimeUtc(Path.Combine(_site.Root, "a.txt"), DateTime.UtcNow.AddDays(30));

        using var response = await _app.SendAsync("/a.txt");

        Assert.True(response.Content.Headers.LastModified <= DateTimeOffset.UtcNow);
    }
}
