//! The methods that a file defines, and those that it calls, with what can be known of receivers.
//!
//! There is no type check here. Of a receiver is known what the file writes down: `self`, the type
//! of a parameter or a field, what a method of ours returns. A type is the set of the names in it,
//! so that `Option<Arc<State>>` and what is inside it count as one.

use std::collections::BTreeMap;

use syn::visit::{self, Visit};
use syn::{Expr, FnArg, Pat, ReturnType, Type};

use super::names;
use super::tokens::{self, Found};

/// What a file defines and calls.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// Functions of impl blocks without a trait, and of traits.
    pub(crate) methods: Vec<Method>,
    pub(crate) fields: Vec<Field>,
    /// What dereferences to what.
    pub(crate) derefs: Vec<(String, Vec<String>)>,
    pub(crate) called: Vec<Call>,
}

#[derive(Debug)]
pub(crate) struct Method {
    /// The type or the trait; empty for a function that stands alone.
    pub(crate) owner: String,
    pub(crate) name: String,
    pub(crate) returns: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) owner: String,
    pub(crate) name: String,
    pub(crate) of: Vec<String>,
}

/// `.name(...)`, or `Type::name` where that is a method.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) receiver: Receiver,
    /// Whether the type is written before it: then it is that type's method or none of ours.
    pub(crate) is_path: bool,
}

/// What is known of the value that a method is called on.
#[derive(Clone, Debug)]
pub(crate) enum Receiver {
    Unknown,
    /// The names in its type.
    Of(Vec<String>),
    Field(Box<Receiver>, String),
    /// What that method or function of it returns; `true` if a closure decides.
    Returned(Box<Receiver>, String, bool),
}

/// What the names of types mean in a file: for each that it imports, a name that is nobody else's.
pub(crate) type Types = BTreeMap<String, String>;

/// The name of a type of that file that is nobody else's.
pub(crate) fn own_name(file: &str, name: &str) -> String {
    format!("{file}#{name}")
}

/// Whether two names of types may mean the same: where one does not tell its file, by the rest.
pub(crate) fn may_be_same(one: &str, other: &str) -> bool {
    let bare = |name: &str| name.rsplit('#').next().unwrap_or_default().to_owned();
    one == other || (one.contains('#') != other.contains('#') && bare(one) == bare(other))
}

/// All that the file of that path, without test code, defines and calls.
pub(crate) fn calls(file: &syn::File, path: &str, imported: Types) -> Calls {
    let mut own = Own { path, types: imported };
    own.visit_file(file);
    let mut finder = Finder { types: own.types, ..Finder::default() };
    finder.visit_file(file);
    finder.found
}

#[derive(Default)]
struct Finder {
    found: Calls,
    types: Types,
    /// The type of the impl block or the trait.
    owner: String,
    /// What is known of the names in the function.
    known: BTreeMap<String, Receiver>,
}

impl Finder {
    /// The names in a type, each as the one that it means.
    fn type_names(&self, of: &impl quote::ToTokens) -> Vec<String> {
        names(of).into_iter().map(|name| self.type_name(name)).collect()
    }

    fn type_name(&self, name: String) -> String {
        match &*name {
            "Self" => self.owner.clone(),
            _ => self.types.get(&name).cloned().unwrap_or(name),
        }
    }

    fn method(&mut self, signature: &syn::Signature) {
        let returns = match &signature.output {
            ReturnType::Default => Vec::new(),
            ReturnType::Type(_, of) => self.type_names(of),
        };
        let (owner, name) = (self.owner.clone(), signature.ident.to_string());
        self.found.methods.push(Method { owner, name, returns });
    }

    /// Enters a function: what is known of names ends with it.
    fn inside(&mut self, signature: &syn::Signature, visit: impl FnOnce(&mut Self)) {
        let outer = std::mem::take(&mut self.known);
        for input in &signature.inputs {
            match input {
                FnArg::Receiver(_) => {
                    self.bind_name("self", Receiver::Of(vec![self.owner.clone()]));
                }
                FnArg::Typed(input) => {
                    let of = self.of_type(&input.ty);
                    self.bind(&input.pat, &of);
                }
            }
        }
        visit(self);
        self.known = outer;
    }

    /// What is known of a value of that type; a type parameter, whose name is one letter here as
    /// everywhere, says nothing.
    fn of_type(&self, of: &Type) -> Receiver {
        let names = self.type_names(of);
        let is_parameter = |name: &String| name.len() == 1;
        if names.iter().any(is_parameter) { Receiver::Unknown } else { Receiver::Of(names) }
    }

    fn bind_name(&mut self, name: &str, to: Receiver) {
        self.known.insert(name.to_owned(), to);
    }

    /// Each name of a pattern is part of the value.
    fn bind(&mut self, pattern: &Pat, to: &Receiver) {
        let mut bound = Bound(Vec::new());
        bound.visit_pat(pattern);
        for name in bound.0 {
            self.bind_name(&name, to.clone());
        }
    }

    fn receiver(&self, value: &Expr) -> Receiver {
        match value {
            Expr::Path(path) => match path.path.get_ident() {
                Some(name) => {
                    self.known.get(&name.to_string()).cloned().unwrap_or(Receiver::Unknown)
                }
                None => Receiver::Unknown,
            },
            Expr::Field(field) => {
                let name = names(&field.member).concat();
                Receiver::Field(Box::new(self.receiver(&field.base)), name)
            }
            Expr::MethodCall(call) => {
                let decides = call.args.iter().any(|value| matches!(value, Expr::Closure(_)));
                let of = Box::new(self.receiver(&call.receiver));
                Receiver::Returned(of, call.method.to_string(), decides)
            }
            Expr::Call(call) => self.returned(call),
            Expr::Struct(value) => Receiver::Of(self.type_names(&value.path)),
            Expr::Reference(inner) => self.receiver(&inner.expr),
            Expr::Paren(inner) => self.receiver(&inner.expr),
            Expr::Group(inner) => self.receiver(&inner.expr),
            Expr::Unary(inner) => self.receiver(&inner.expr),
            Expr::Try(inner) => self.receiver(&inner.expr),
            Expr::Index(inner) => self.receiver(&inner.expr),
            Expr::Cast(inner) => Receiver::Of(self.type_names(&inner.ty)),
            Expr::Lit(_) => Receiver::Of(Vec::new()),
            _ => Receiver::Unknown,
        }
    }

    /// What `function(...)`, `Type::function(...)` or `Variant(...)` gives.
    fn returned(&self, call: &syn::ExprCall) -> Receiver {
        let Expr::Path(path) = &*call.func else { return Receiver::Unknown };
        let names = self.type_names(&path.path);
        match &*names {
            [.., name] if matches!(&**name, "Some" | "Ok" | "Box" | "clone") => {
                call.args.first().map_or(Receiver::Unknown, |value| self.receiver(value))
            }
            [.., owner, name] => {
                let of = Receiver::Of(vec![owner.clone()]);
                Receiver::Returned(Box::new(of), name.clone(), true)
            }
            _ => Receiver::Unknown,
        }
    }

    fn call(&mut self, name: String, line: usize, receiver: Receiver, is_path: bool) {
        self.found.called.push(Call { name, line, receiver, is_path });
    }

    /// `Type::name`, called or handed on.
    fn path(&mut self, names: &[String], line: usize) {
        if let [.., owner, name] = names
            && owner.starts_with(char::is_uppercase)
        {
            let owner = self.type_name(owner.clone());
            self.call(name.clone(), line, Receiver::Of(vec![owner]), true);
        }
    }
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.owner = self.type_name(item.ident.to_string());
        for (at, field) in item.fields.iter().enumerate() {
            let name = field.ident.as_ref().map_or(at.to_string(), ToString::to_string);
            let of = self.type_names(&field.ty);
            self.found.fields.push(Field { owner: self.owner.clone(), name, of });
        }
        visit::visit_item_struct(self, item);
    }

    fn visit_item_impl(&mut self, block: &'ast syn::ItemImpl) {
        self.owner = self.type_name(head(&block.self_ty));
        if block.trait_.is_none() {
            for item in &block.items {
                if let syn::ImplItem::Fn(item) = item {
                    self.method(&item.sig);
                }
            }
        }
        for item in &block.items {
            if let syn::ImplItem::Type(item) = item
                && item.ident == "Target"
            {
                let target = self.type_names(&item.ty);
                self.found.derefs.push((self.owner.clone(), target));
            }
        }
        visit::visit_item_impl(self, block);
        self.owner.clear();
    }

    fn visit_item_trait(&mut self, block: &'ast syn::ItemTrait) {
        self.owner = self.type_name(block.ident.to_string());
        for item in &block.items {
            if let syn::TraitItem::Fn(item) = item {
                self.method(&item.sig);
            }
        }
        visit::visit_item_trait(self, block);
        self.owner.clear();
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.inside(&item.sig, |this| visit::visit_item_fn(this, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.inside(&item.sig, |this| visit::visit_impl_item_fn(this, item));
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.inside(&item.sig, |this| visit::visit_trait_item_fn(this, item));
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        visit::visit_local(self, local);
        let of = match (&local.pat, &local.init) {
            (Pat::Type(pattern), _) => self.of_type(&pattern.ty),
            (_, Some(init)) => self.receiver(&init.expr),
            (_, None) => Receiver::Unknown,
        };
        self.bind(&local.pat, &of);
    }

    fn visit_expr_let(&mut self, value: &'ast syn::ExprLet) {
        visit::visit_expr_let(self, value);
        let of = self.receiver(&value.expr);
        self.bind(&value.pat, &of);
    }

    fn visit_expr_for_loop(&mut self, value: &'ast syn::ExprForLoop) {
        let of = self.receiver(&value.expr);
        self.bind(&value.pat, &of);
        visit::visit_expr_for_loop(self, value);
    }

    fn visit_expr_match(&mut self, value: &'ast syn::ExprMatch) {
        let of = self.receiver(&value.expr);
        self.visit_expr(&value.expr);
        for arm in &value.arms {
            self.bind(&arm.pat, &of);
            self.visit_arm(arm);
        }
    }

    fn visit_expr_closure(&mut self, value: &'ast syn::ExprClosure) {
        for input in &value.inputs {
            let of = match input {
                Pat::Type(pattern) => self.of_type(&pattern.ty),
                _ => Receiver::Unknown,
            };
            self.bind(input, &of);
        }
        visit::visit_expr_closure(self, value);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let (name, line) = (call.method.to_string(), super::line(call.method.span()));
        self.call(name, line, self.receiver(&call.receiver), false);
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_path(&mut self, value: &'ast syn::ExprPath) {
        let names: Vec<String> = value.path.segments.iter().map(|s| s.ident.to_string()).collect();
        let line = value.path.segments.first().map_or(0, |s| super::line(s.ident.span()));
        self.path(&names, line);
        visit::visit_expr_path(self, value);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let mut found = Vec::new();
        tokens::scan(call.tokens.clone(), &mut found);
        for one in found {
            match one {
                Found::Path(names, line) => self.path(&names, line),
                Found::Method { name, line, of_self: true } => {
                    let receiver = Receiver::Of(vec![self.owner.clone()]);
                    self.call(name, line, receiver, false);
                }
                Found::Method { name, line, of_self: false } => {
                    self.call(name, line, Receiver::Unknown, false);
                }
            }
        }
    }
}

/// Learns the types that the file defines.
struct Own<'a> {
    path: &'a str,
    types: Types,
}

impl Own<'_> {
    fn learn(&mut self, name: &syn::Ident) {
        let name = name.to_string();
        let own = own_name(self.path, &name);
        self.types.insert(name, own);
    }
}

impl<'ast> Visit<'ast> for Own<'_> {
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.learn(&item.ident);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.learn(&item.ident);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.learn(&item.ident);
    }
}

/// The names that a pattern binds.
struct Bound(Vec<String>);

impl<'ast> Visit<'ast> for Bound {
    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        self.0.push(pattern.ident.to_string());
        visit::visit_pat_ident(self, pattern);
    }
}

/// The name of the type that an impl block is for.
pub(crate) fn head(of: &Type) -> String {
    match of {
        Type::Path(path) => {
            path.path.segments.last().map_or(String::new(), |s| s.ident.to_string())
        }
        Type::Reference(inner) => head(&inner.elem),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
