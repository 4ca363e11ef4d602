using System;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using WmProxy.Listeners;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Embedding;

/// <summary>What tests ask of an application.</summary>
internal static class AppExtensions
{
    /// <summary>The body of a GET, after the status.</summary>
    public static async Task<string> GetAsync(this WebApplication application, string path)
    {
        using var http = new HttpClient { BaseAddress = new Uri(application.Urls.First()), Timeout = Deadline.Default };
        return await GetTextAsync(http, path);
    }

    /// <inheritdoc cref="GetAsync(WebApplication, string)"/>
    public static async Task<string> GetTextAsync(this HttpClient http, string path)
    {
        using var answer = await http.GetAsync(path);
        return $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}";
    }

    /// <summary>Whether a stream gives back what it is sent.</summary>
    public static async Task AssertStreamEchoesAsync(this IHost application, string stream)
    {
        using var client = await RawClient.ConnectAsync(EndPointOf(application, stream));
        await client.SendAsync("hello");
        Assert.Equal("hello"u8.ToArray(), await client.ReadExactlyAsync(5));
    }

    public static EndPoint EndPointOf(this IHost application, string stream)
    {
        var listener = application.Services.GetRequiredService<IListenerLookup>().GetListeners().First(listener => listener.Streams.Contains(stream));
        return IPEndPoint.Parse(listener.Address["tcp://".Length..]);
    }
}
