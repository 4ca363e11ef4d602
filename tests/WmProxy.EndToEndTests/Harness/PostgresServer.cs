using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>
/// A PostgreSQL server with a fresh cluster in a folder of its own and password authentication, in which the server speaks first about what
/// it wants. It refuses to run as root and is then run as the user <c>postgres</c> that its package makes.
/// </summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    public const string Password = "correct horse";

    private readonly ToolProcess _process;
    private readonly TempDirectory _folder;

    private PostgresServer(ToolProcess process, TempDirectory folder, int port) => (_process, _folder, Port) = (process, folder, port);

    public int Port { get; }

    public static async Task<PostgresServer> StartAsync()
    {
        var initdb = ExternalTool.Require("initdb", "postgresql").Path;
        var postgres = ExternalTool.Require("postgres", "postgresql").Path;
        var folder = new TempDirectory();
        var data = folder.Combine("data");
        var passwordFile = folder.Write("password", Password + "\n");
        if (Environment.IsPrivilegedProcess)
        {
            var owned = await ExternalTool.Require("chown", "coreutils").RunAsync(["-R", "postgres", folder.Path]);
            Assert.True(owned.ExitCode == 0, $"The user postgres of Debian's package postgresql is needed when run as root: {owned}");
        }

        var (path, prefix) = AsOwner(initdb);
        var made = await ExternalTool.At(path).RunAsync(
            [
                .. prefix, "-D", data, "-U", "tester", "--auth-local=scram-sha-256", "--auth-host=scram-sha-256", $"--pwfile={passwordFile}",
                "--no-sync", "--encoding=UTF8", "--locale=C",
            ],
            workingDirectory: folder.Path);
        Assert.True(made.ExitCode == 0, made.ToString());

        var port = FreePort.Next();
        (path, prefix) = AsOwner(postgres);
        string[] arguments =
        [
            .. prefix, "-D", data, "-p", port.ToString(CultureInfo.InvariantCulture), "-c", "listen_addresses=127.0.0.1",
            "-c", $"unix_socket_directories={folder.Path}", "-c", "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=20",
            "-c", "logging_collector=off", "-c", "log_destination=stderr", "-c", "dynamic_shared_memory_type=mmap",
        ];
        var process = await ExternalTool.At(path).StartAsync(arguments, folder.Path, "database system is ready to accept connections");
        return new PostgresServer(process, folder, port);
    }

    /// <summary>Runs psql against <paramref name="host"/> and <paramref name="port"/>; results come unaligned, without headings.</summary>
    public static Task<ToolResult> PsqlAsync(string host, int port, string commands, string password = Password) =>
        ExternalTool.Require("psql", "postgresql-client").RunAsync(
            ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", host, "-p", port.ToString(CultureInfo.InvariantCulture), "-U", "tester", "-d", "postgres"],
            input: commands,
            environment: new Dictionary<string, string?> { ["PGPASSWORD"] = password, ["PGSSLMODE"] = "disable", ["PGCONNECT_TIMEOUT"] = "20" });

    public async ValueTask DisposeAsync()
    {
        // Immediate shutdown, so that the server takes its children and its shared memory with it.
        var pid = System.IO.Path.Combine(_folder.Path, "data", "postmaster.pid");
        if (System.IO.File.Exists(pid))
        {
            Signal.Send(int.Parse(System.IO.File.ReadLines(pid).First(), CultureInfo.InvariantCulture), Signal.Quit);
            await _process.ExitAsync();
        }

        await _process.DisposeAsync();
        _folder.Dispose();
    }

    private static (string Path, string[] Prefix) AsOwner(string program) =>
        Environment.IsPrivilegedProcess
            ? (ExternalTool.Require("runuser", "util-linux").Path, ["-u", "postgres", "--", program])
            : (program, []);
}
