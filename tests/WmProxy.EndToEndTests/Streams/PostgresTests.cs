using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Streams;

public sealed class PostgresTests
{
    private const int Rows = 100_000;

    [Fact]
    public async Task Stream_Psql_QueriesAndCopiesUnharmed()
    {
        ExternalTool.Require("psql", "postgresql-client");
        await using var postgres = await PostgresServer.StartAsync();
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            {
              "WmProxy": { "Streams": { "postgres": { "Listen": "tcp://127.0.0.2:0", "ClusterId": "pg" } } },
              "ReverseProxy": { "Clusters": { "pg": { "Destinations": { "1": { "Address": "tcp://127.0.0.1:{{postgres.Port}}" } } } } }
            }
            """);
        var port = proxy.Port("127.0.0.2");
        var expected = ExpectedRows();

        // The password's challenge and answer go through, and a wrong one is refused by the server itself.
        var refused = await PostgresServer.PsqlAsync("127.0.0.2", port, "select 1", password: "wrong");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("password authentication failed", refused.Error, StringComparison.Ordinal);

        var query = await PostgresServer.PsqlAsync("127.0.0.2", port, $"select i, md5(i::text) from generate_series(1, {Rows}) i;");
        Assert.True(query.ExitCode == 0, query.ToString());
        Assert.Equal(Sha256(expected.Replace('\t', '|')), Sha256(query.Output));

        using var folder = new TempDirectory();
        var inFile = folder.Write("in.tsv", expected);
        var outFile = folder.Combine("out.tsv");
        var copy = await PostgresServer.PsqlAsync("127.0.0.2", port, $"""
            create table rows (id int primary key, hash text);
            \copy rows from '{inFile}'
            select count(*), count(*) filter (where hash = md5(id::text)) from rows;
            \copy (select * from rows order by id) to '{outFile}'
            """);
        Assert.True(copy.ExitCode == 0, copy.ToString());
        Assert.Equal($"{Rows}|{Rows}", copy.Output.Trim());
        Assert.Equal(Sha256(expected), Sha256(await File.ReadAllTextAsync(outFile)));
    }

    private static string ExpectedRows()
    {
        var text = new StringBuilder();
        foreach (var i in Enumerable.Range(1, Rows))
        {
            var number = i.ToString(CultureInfo.InvariantCulture);
            text.Append(number).Append('\t').Append(Convert.ToHexStringLower(MD5.HashData(Encoding.ASCII.GetBytes(number)))).Append('\n');
        }

        return text.ToString();
    }

    private static string Sha256(string text) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
