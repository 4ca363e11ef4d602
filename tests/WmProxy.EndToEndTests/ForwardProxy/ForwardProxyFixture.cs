using System;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.ForwardProxy;

/// <summary>One running program with forward proxies of every kind, and destinations for their clients.</summary>
public sealed class ForwardProxyFixture : IAsyncLifetime
{
    /// <summary>Everything for everybody; SOCKS 4 too.</summary>
    public const string Open = "127.0.0.2";

    /// <summary>For <see cref="User"/>, <c>hash</c>, whose password is kept as a hash, and <c>plain</c>, who can be written everywhere.</summary>
    public const string Private = "127.0.0.3";

    /// <summary>For everybody, over TLS.</summary>
    public const string Secure = "127.0.0.4";

    /// <summary>For users, over TLS.</summary>
    public const string SecurePrivate = "127.0.0.5";

    /// <summary>For everybody, on the other family.</summary>
    public const string IPv6 = "[::1]";

    /// <summary>Name and password of a user, as clients write them.</summary>
    public const string User = "alice:open sesame";

    private readonly TempDirectory _folder = new();
    private TestCertificates? _certificates;
    private X509Certificate2? _serverCertificate;
    private KestrelBackend? _backend;
    private KestrelBackend? _secureBackend;
    private WmProxyProcess? _proxy;

    internal WmProxyProcess Proxy => _proxy!;

    /// <summary><c>http://127.0.0.1:40001</c>: answers with method, path and the <c>Host</c> field, and posts with what came.</summary>
    public string Http => _backend!.Address;

    /// <summary>The same over TLS, with a certificate for <c>127.0.0.1</c> and <c>localhost</c>.</summary>
    public string Https => _secureBackend!.Address;

    /// <summary>The port of <see cref="Http"/>.</summary>
    public int HttpPort => new Uri(Http).Port;

    /// <summary>The port of <see cref="Https"/>.</summary>
    public int HttpsPort => new Uri(Https).Port;

    /// <summary>The authority of all certificates here.</summary>
    public string AuthorityPath => _certificates!.RootPath;

    /// <summary>A proxy for everybody on a Unix domain socket.</summary>
    public string UnixPath => _folder.Combine("proxy");

    public async ValueTask InitializeAsync()
    {
        _certificates = new TestCertificates(intermediate: false);
        _serverCertificate = _certificates.IssueServer(["127.0.0.1", "localhost", Secure, SecurePrivate]);
        var (certificate, key) = _certificates.WritePair("server", _serverCertificate);
        _backend = await KestrelBackend.StartAsync(app => app.Run(AnswerAsync));

        // Some systems' TLS takes no key that is in memory alone.
        var persisted = X509CertificateLoader.LoadPkcs12(_serverCertificate.Export(X509ContentType.Pkcs12), null);
        _secureBackend = await KestrelBackend.StartAsync(app => app.Run(AnswerAsync), certificate: persisted);
        var users = $$"""{ "alice": { "Password": "open sesame" }, "hash": { "PasswordHash": "{{Hash("hash's password")}}" }, "plain": { "Password": "word" } }""";
        var tls = $$"""{ "Certificate": { "Path": "{{certificate}}", "KeyPath": "{{key}}" } }""";
        _proxy = await WmProxyProcess.StartAsync(
            $$"""
            {
              "WmProxy": {
                "ForwardProxies": {
                  "open": { "Listen": [ "tcp://{{Open}}:0", "tcp://{{IPv6}}:0", "unix:{{UnixPath}}" ], "Protocols": [ "Http", "Connect", "Socks4", "Socks5" ], "AccessLog": true },
                  "private": { "Listen": "tcp://{{Private}}:0", "Users": {{users}}, "AccessLog": true },
                  "secure": { "Listen": "tls://{{Secure}}:0", "Tls": {{tls}}, "AccessLog": true },
                  "secure-private": { "Listen": "tls://{{SecurePrivate}}:0", "Tls": {{tls}}, "Users": {{users}}, "AccessLog": true }
                }
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

        if (_secureBackend is not null)
        {
            await _backend!.DisposeAsync();
            await _secureBackend.DisposeAsync();
        }

        _serverCertificate?.Dispose();
        _certificates?.Dispose();
        _folder.Dispose();
    }

    /// <summary>The hash of a password as a PHC string, made by somebody else than the program.</summary>
    private static string Hash(string password)
    {
        const int Iterations = 10_000;
        var salt = RandomNumberGenerator.GetBytes(16);
        var hash = Rfc2898DeriveBytes.Pbkdf2(password, salt, Iterations, HashAlgorithmName.SHA512, 32);
        return $"$pbkdf2-sha512$i={Iterations}${Convert.ToBase64String(salt).TrimEnd('=')}${Convert.ToBase64String(hash).TrimEnd('=')}";
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        if (HttpMethods.IsPost(context.Request.Method))
        {
            await context.Request.Body.CopyToAsync(context.Response.Body, context.RequestAborted);
            return;
        }

        await context.Response.WriteAsync($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString} {context.Request.Host.Host}\n");
    }
}
