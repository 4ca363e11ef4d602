using System;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using WmProxy.Configuration;
using WmProxy.Connections.Tls;
using WmProxy.Diagnostics;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Connections.Tls;

public sealed class TlsCertificateWatcherTests : IDisposable
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(5);

    private readonly TestCertificates _certificates = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly RecordingLogger _log = new();
    private readonly TlsCertificateWatcher _watcher;

    public TlsCertificateWatcherTests() => _watcher = new TlsCertificateWatcher(_time, _log);

    public void Dispose()
    {
        _watcher.Dispose();
        _certificates.Dispose();
    }

    [Fact]
    public async Task Poll_FilesReplacedByRename_NewHandshakesGetTheNewCertificateAndOldConnectionsLive()
    {
        using var old = _certificates.IssueServer(["a.example"]);
        using var renewed = _certificates.IssueServer(["a.example"]);
        var model = CreateModel("a", old);
        using var before = await TlsTestPair.EstablishAsync(model);
        Assert.Equal(old.Thumbprint, Thumbprint(before));

        ReplaceByRename("a", renewed);
        _time.Advance(Promised);

        using var after = await TlsTestPair.EstablishAsync(model);
        Assert.Equal(renewed.Thumbprint, Thumbprint(after));
        Assert.Equal([EventIds.TlsCertificateReloaded], _log.Ids);

        await before.ClientTls!.WriteAsync("x"u8.ToArray());
        Assert.Equal(1, await before.ServerTls!.ReadAsync(new byte[4]).AsTask().WaitAsync(TlsTestPair.Limit));
    }

    [Fact]
    public void Poll_NothingChanged_ChangesNothing()
    {
        using var issued = _certificates.IssueServer(["a.example"]);
        var model = CreateModel("a", issued);
        var options = model.Select("a.example");
        ReplaceByRename("a", issued);
        _time.Advance(Promised);
        Assert.Same(options, model.Select("a.example"));
        Assert.Empty(_log.Ids);
    }

    [Fact]
    public void Poll_SameTimeAndLength_IsSeenByContent()
    {
        using var old = _certificates.IssueServer(["a.example"]);
        var model = CreateModel("a", old);
        var (path, key) = Paths("a");
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
        File.SetLastWriteTimeUtc(key, DateTime.UnixEpoch);
        using var renewed = _certificates.IssueServer(["a.example"]);
        ReplaceByRename("a", renewed);
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
        File.SetLastWriteTimeUtc(key, DateTime.UnixEpoch);
        _time.Advance(Promised);
        Assert.Equal(renewed.Thumbprint, Served(model));
    }

    [Fact]
    public void Poll_MismatchedKey_KeepsTheOldPairWithOneWarningUntilTheKeyComes()
    {
        using var old = _certificates.IssueServer(["a.example"]);
        using var renewed = _certificates.IssueServer(["a.example"]);
        var model = CreateModel("a", old);
        _certificates.Write("a.crt", _certificates.ChainPem(renewed));
        _time.Advance(Promised);
        _time.Advance(Promised);
        Assert.Equal(old.Thumbprint, Served(model));
        Assert.Equal([EventIds.TlsCertificateReloadFailed], _log.Ids);

        _certificates.Write("a.key", TestCertificates.KeyPem(renewed));
        _time.Advance(Promised);
        Assert.Equal(renewed.Thumbprint, Served(model));
        Assert.Equal([EventIds.TlsCertificateReloadFailed, EventIds.TlsCertificateReloaded], _log.Ids);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(400)]
    public void Poll_HalfWritten_KeepsTheOldOneUntilTheRestComes(int length)
    {
        using var old = _certificates.IssueServer(["a.example"]);
        using var renewed = _certificates.IssueServer(["a.example"]);
        var model = CreateModel("a", old);
        var chain = _certificates.ChainPem(renewed);
        _certificates.Write("a.key", TestCertificates.KeyPem(renewed));
        _certificates.Write("a.crt", chain[..length]);
        _time.Advance(Promised);
        Assert.Equal(old.Thumbprint, Served(model));
        Assert.Single(_log.Ids, EventIds.TlsCertificateReloadFailed);

        _certificates.Write("a.crt", chain);
        _time.Advance(Promised);
        Assert.Equal(renewed.Thumbprint, Served(model));
    }

    [Fact]
    public void Poll_Deleted_KeepsTheOldOneAndTakesTheNext()
    {
        using var old = _certificates.IssueServer(["a.example"]);
        using var renewed = _certificates.IssueServer(["a.example"]);
        var model = CreateModel("a", old);
        File.Delete(Paths("a").Key);
        _time.Advance(Promised);
        _time.Advance(Promised);
        Assert.Equal(old.Thumbprint, Served(model));
        Assert.Equal([EventIds.TlsCertificateReloadFailed], _log.Ids);

        ReplaceByRename("a", renewed);
        _time.Advance(Promised);
        Assert.Equal(renewed.Thumbprint, Served(model));
    }

    [Fact]
    public void Poll_LinkedFolderSwapped_IsSeen()
    {
        // As Kubernetes does: tls.crt -> ..data/tls.crt, ..data -> ..1; then ..data is replaced by a link to ..2.
        using var old = _certificates.IssueServer(["a.example"]);
        using var renewed = _certificates.IssueServer(["a.example"]);
        WriteVersion("..1", old);
        WriteVersion("..2", renewed);
        Link("..data", "..1");
        Link("tls.crt", "..data/tls.crt");
        Link("tls.key", "..data/tls.key");
        var model = TlsTestPair.CreateModel(_certificates, new StreamTlsConfig { Certificate = new() { Path = "tls.crt", KeyPath = "tls.key" } });
        _watcher.Add(model);

        Link("..data_tmp", "..2");
        Assert.Equal(0, Rename(Path.Combine(_certificates.Directory, "..data_tmp"), Path.Combine(_certificates.Directory, "..data")));
        _time.Advance(Promised);
        Assert.Equal(renewed.Thumbprint, Served(model));

        void WriteVersion(string folder, X509Certificate2 certificate)
        {
            _certificates.Write($"{folder}/tls.crt", _certificates.ChainPem(certificate));
            _certificates.Write($"{folder}/tls.key", TestCertificates.KeyPem(certificate));
        }

        void Link(string name, string target) => File.CreateSymbolicLink(Path.Combine(_certificates.Directory, name), target);

        [System.Runtime.InteropServices.DllImport("libc", EntryPoint = "rename")]
        static extern int Rename(string from, string to);
    }

    [Fact]
    public async Task Poll_NewClientAuthorities_JudgeNewHandshakes()
    {
        using var others = new TestCertificates("Other Root");
        using var server = _certificates.IssueServer(["a.example"]);
        using var client = others.IssueClient("alice");
        var authorities = _certificates.Write("clients.pem", _certificates.Root.ExportCertificatePem());
        var (path, key) = _certificates.WritePair("a", server);
        var model = TlsTestPair.CreateModel(_certificates, new StreamTlsConfig
        {
            Certificate = new() { Path = path, KeyPath = key },
            ClientCertificateMode = ClientCertificateMode.RequireCertificate,
            ClientCertificateAuthorities = authorities,
        });
        _watcher.Add(model);
        Assert.False(await IsAcceptedAsync());

        _certificates.Write("clients.pem", others.Root.ExportCertificatePem());
        _time.Advance(Promised);
        Assert.True(await IsAcceptedAsync());
        Assert.Equal([EventIds.TlsClientAuthoritiesReloaded], _log.Ids);

        _certificates.Write("clients.pem", "");
        _time.Advance(Promised);
        Assert.True(await IsAcceptedAsync());
        Assert.Equal([EventIds.TlsClientAuthoritiesReloaded, EventIds.TlsCertificateReloadFailed], _log.Ids);

        // The same client, which would resume its session: the new authorities hold for it too.
        _certificates.Write("clients.pem", _certificates.Root.ExportCertificatePem());
        _time.Advance(Promised);
        Assert.False(await IsAcceptedAsync());

        async Task<bool> IsAcceptedAsync()
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(others.ChainPem(client));
            using var pair = await TlsTestPair.ConnectAsync();
            var context = System.Net.Security.SslStreamCertificateContext.Create(client, chain, offline: true);
            var (result, _) = await pair.HandshakeAsync(model, o => o.ClientCertificateContext = context);
            return result.IsCompleted;
        }
    }

    [Fact]
    public void Add_ExpiredCertificate_Warns()
    {
        using var issued = _certificates.IssueServer(["a.example"], DateTimeOffset.UtcNow.AddDays(-9), DateTimeOffset.UtcNow.AddDays(-1));
        CreateModel("a", issued);
        Assert.Equal([EventIds.TlsCertificateOutOfTime], _log.Ids);
    }

    [Fact]
    public void Remove_Model_IsWatchedNoMore()
    {
        using var old = _certificates.IssueServer(["a.example"]);
        using var renewed = _certificates.IssueServer(["a.example"]);
        var model = CreateModel("a", old);
        _watcher.Remove(model);
        ReplaceByRename("a", renewed);
        _time.Advance(Promised);
        Assert.Equal(old.Thumbprint, Served(model));
        _watcher.Add(model);
        _time.Advance(Promised);
        Assert.Equal(renewed.Thumbprint, Served(model));
    }

    private TlsServerModel CreateModel(string name, X509Certificate2 certificate)
    {
        var (path, key) = _certificates.WritePair(name, certificate);
        var model = TlsTestPair.CreateModel(_certificates, new StreamTlsConfig { Certificate = new() { Path = path, KeyPath = key } });
        _watcher.Add(model);
        return model;
    }

    private (string Certificate, string Key) Paths(string name) =>
        (Path.Combine(_certificates.Directory, $"{name}.crt"), Path.Combine(_certificates.Directory, $"{name}.key"));

    private void ReplaceByRename(string name, X509Certificate2 certificate)
    {
        var (path, key) = _certificates.WritePair($"{name}-new", certificate);
        File.Move(path, Paths(name).Certificate, overwrite: true);
        File.Move(key, Paths(name).Key, overwrite: true);
    }

    private static string Served(TlsServerModel model) => model.Select("a.example")!.ServerCertificateContext!.TargetCertificate.Thumbprint;

    private static string Thumbprint(TlsTestPair pair) => ((X509Certificate2)pair.ClientTls!.RemoteCertificate!).Thumbprint;

    private sealed class RecordingLogger : ILogger<TlsCertificateWatcher>
    {
        public List<int> Ids { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Ids.Add(eventId.Id);
    }
}
