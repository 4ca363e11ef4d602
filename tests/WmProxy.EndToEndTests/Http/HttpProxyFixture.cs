using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Http;

/// <summary>One running program with files, an answer and routes to backends that answer, are dead, are missing and stay silent.</summary>
public sealed class HttpProxyFixture : IAsyncLifetime
{
    /// <summary>The addresses of the endpoints: HTTP/1.1; HTTP/2 with prior knowledge; HTTPS with both.</summary>
    public const string Http1 = "127.0.0.2";
    public const string Http2 = "127.0.0.3";
    public const string Https = "127.0.0.4";

    private readonly TempDirectory _folder = new();
    private TestCertificates? _certificates;
    private KestrelBackend? _backend;
    private ScriptedPeer? _silent;
    private ScriptedPeer? _cut;
    private WmProxyProcess? _proxy;

    internal WmProxyProcess Proxy => _proxy!;

    /// <summary>The authority of the certificate for <c>www.example</c>.</summary>
    public string AuthorityPath => _certificates!.RootPath;

    /// <summary>The length of <c>/files/large.bin</c>.</summary>
    public static int LargeFileLength => 3_000_000;

    public async ValueTask InitializeAsync()
    {
        _certificates = new TestCertificates(intermediate: false);
        var (certificate, key) = _certificates.WritePair("www", _certificates.IssueServer(["www.example"]));
        _folder.Write("www/hello.txt", "0123456789");
        System.IO.File.WriteAllBytes(_folder.Combine("www/large.bin"), TestData.Create(LargeFileLength));
        _backend = await KestrelBackend.StartAsync(app => app.Run(AnswerAsync));
        _silent = new ScriptedPeer(script => script.ReadUntil("\r\n\r\n").Stall());
        _cut = new ScriptedPeer(script => script
            .ReadUntil("\r\n\r\n").Write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this").Reset());
        _proxy = await WmProxyProcess.StartAsync(
            $$"""
            {
              "Kestrel": {
                "Endpoints": {
                  "http": { "Url": "http://{{Http1}}:0", "Protocols": "Http1" },
                  "h2c": { "Url": "http://{{Http2}}:0", "Protocols": "Http2" },
                  "https": { "Url": "https://{{Https}}:0", "Protocols": "Http1AndHttp2", "Certificate": { "Path": "{{certificate}}", "KeyPath": "{{key}}" } }
                }
              },
              "ReverseProxy": {
                "Routes": {
                  "backend": { "ClusterId": "backend", "Match": { "Path": "/backend/{**path}" } },
                  "dead": { "ClusterId": "dead", "Match": { "Path": "/dead/{**path}" } },
                  "empty": { "ClusterId": "empty", "Match": { "Path": "/empty/{**path}" } },
                  "sick": { "ClusterId": "sick", "Match": { "Path": "/sick/{**path}" } },
                  "silent": { "ClusterId": "silent", "Match": { "Path": "/silent/{**path}" } },
                  "cut": { "ClusterId": "cut", "Match": { "Path": "/cut/{**path}" } }
                },
                "Clusters": {
                  "backend": { "Destinations": { "1": { "Address": "{{_backend.Address}}" } } },
                  "dead": { "Destinations": { "1": { "Address": "http://127.0.0.1:{{FreePort.Next()}}" } } },
                  "empty": { "Destinations": {} },
                  "sick": {
                    "HealthCheck": { "AvailableDestinationsPolicy": "HealthyAndUnknown", "Active": { "Enabled": true, "Interval": "00:00:01", "Timeout": "00:00:01", "Policy": "ConsecutiveFailures" } },
                    "Destinations": { "1": { "Address": "http://127.0.0.1:{{FreePort.Next()}}" } }
                  },
                  "silent": { "HttpRequest": { "ActivityTimeout": "00:00:01" }, "Destinations": { "1": { "Address": "http://127.0.0.1:{{_silent.Port}}" } } },
                  "cut": { "Destinations": { "1": { "Address": "http://127.0.0.1:{{_cut.Port}}" } } }
                }
              },
              "WmProxy": {
                "StaticFiles": { "files": { "Match": { "Path": "/files/{**path}" }, "Prefix": "/files", "Root": "www" } },
                "StaticResponses": { "robots": { "Match": { "Path": "/robots.txt" }, "StatusCode": 200, "ContentType": "text/plain", "Body": "User-agent: *\n" } }
              }
            }
            """,
            _folder);
    }

    public async ValueTask DisposeAsync()
    {
        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }

        if (_backend is not null)
        {
            await _backend.DisposeAsync();
            await _silent!.DisposeAsync();
            await _cut!.DisposeAsync();
        }

        _certificates?.Dispose();
        _folder.Dispose();
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        if (HttpMethods.IsPost(context.Request.Method))
        {
            // What came goes back, so that a body's way there and back is seen.
            await context.Request.Body.CopyToAsync(context.Response.Body, CancellationToken.None);
            return;
        }

        await context.Response.WriteAsync($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}\n");
    }
}
